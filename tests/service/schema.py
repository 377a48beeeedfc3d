"""A small JSON Schema validator: as much of 2020-12 as the API's description uses; other keywords are refused.

Objects with `properties` and no `additionalProperties` must have no others: a field that is answered is described."""
import re

KNOWN = {"type", "properties", "required", "items", "enum", "const", "anyOf", "$ref", "additionalProperties", "minimum",
    "maximum", "minLength",
         "maxLength", "minItems", "maxItems", "maxProperties", "pattern", "format", "description", "writeOnly"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
FORMATS = {"date-time": lambda text: TIME.match(text), "uri": lambda text: re.match(r"^https?://[^\s]+$", text),
           "email": lambda text: re.match(r"^[^\s@]+@[^\s@]+$", text)}


def kind_fits(kind, value):
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "array": list, "object": dict}[kind])


class Checker:
    def __init__(self, document):
        self.document = document

    def resolve(self, ref):
        at = self.document
        for part in ref[2:].split("/"):
            at = at[part]
        return at

    def problems(self, schema, value, where="$"):
        unknown = {word for word in schema if not word.startswith("x-")} - KNOWN
        if unknown:
            return ["%s: keywords %s" % (where, sorted(unknown))]
        if "$ref" in schema:
            return self.problems(self.resolve(schema["$ref"]), value, where)
        if "anyOf" in schema and all(self.problems(one, value, where) for one in schema["anyOf"]):
            return ["%s: none of anyOf: %r" % (where, value)]
        kinds = schema.get("type")
        if kinds and not any(kind_fits(k, value) for k in ([kinds] if isinstance(kinds, str) else kinds)):
            return ["%s: %r is no %s" % (where, value, kinds)]
        out = []
        if "enum" in schema and value not in schema["enum"]:
            out.append("%s: %r is not in %s" % (where, value, schema["enum"]))
        if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
            out.append("%s: %r is not %r" % (where, value, schema["const"]))
        if isinstance(value, str):
            out += self.text(schema, value, where)
        elif isinstance(value, dict):
            out += self.object(schema, value, where)
        elif isinstance(value, list):
            for i, one in enumerate(value):
                out += self.problems(schema.get("items", {}), one, "%s[%d]" % (where, i))
        elif isinstance(value, int) and not isinstance(value, bool):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                out.append("%s: %r is out of range" % (where, value))
        return out

    def text(self, schema, value, where):
        out = []
        if len(value) > schema.get("maxLength", len(value)) or len(value) < schema.get("minLength", 0):
            out.append("%s: length %d" % (where, len(value)))
        if "pattern" in schema and not re.search(schema["pattern"], value):
            out.append("%s: %r against %s" % (where, value, schema["pattern"]))
        if schema.get("format") in FORMATS and not FORMATS[schema["format"]](value):
            out.append("%s: %r is no %s" % (where, value, schema["format"]))
        return out

    def object(self, schema, value, where):
        fields = schema.get("properties", {})
        out = ["%s: no %s" % (where, name) for name in schema.get("required", []) if name not in value]
        more = schema.get("additionalProperties", not fields)
        for name, one in value.items():
            if name in fields:
                out += self.problems(fields[name], one, "%s.%s" % (where, name))
            elif more is False:
                out.append("%s: %s is not described" % (where, name))
            elif isinstance(more, dict):
                out += self.problems(more, one, "%s.%s" % (where, name))
        return out
