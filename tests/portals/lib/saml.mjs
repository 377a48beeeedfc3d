// SAML 2.0 by HTTP-POST: the page that posts itself to the service, and what the service accepts once.
//
// Attribute values are entity-encoded the way Okta's pages do it (&#x3d; &#x2b; &#x2f;), so that they must be decoded before they go on.

const encode = (text) => text.replace(/[^A-Za-z0-9]/g, (ch) => `&#x${ch.charCodeAt(0).toString(16)};`);

// A page whose form posts itself; fields: [[name, value]].
export function autoPost(action, fields, { id = 'appForm', encoded = true } = {}) {
  const of = (value) => (encoded ? encode(value) : value);
  return `<!DOCTYPE html><html><head><title>Signing in</title></head><body onload="document.forms[0].submit()"><noscript><p>Press the button to go on.</p></noscript>
<form id="${id}" action="${of(action)}" method="post">${fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${of(value)}">`).join('\n')}
<noscript><input type="submit" value="Continue"></noscript></form></body></html>`;
}

// assertions(p): issue(who, audience, status) gives the base64 of a response; take(c, text, audience) gives who, once.
export function assertions(p) {
  const open = () => { p.state.saml ??= new Map(); return p.state.saml; };
  return {
    issue(who, audience, status = 'Success') {
      const id = `_${p.token(12)}`;
      open().set(id, { who, audience, until: p.now() + 300000 });
      return Buffer.from(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${id}" Version="2.0" Destination="${audience}">
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"/></samlp:Status></samlp:Response>`).toString('base64');
    },
    take(c, text, audience) {
      const id = /ID="([^"]+)"/.exec(Buffer.from(text ?? '', 'base64').toString())?.[1];
      const one = open().get(id);
      open().delete(id);
      if (!one || one.audience !== audience || p.now() > one.until) {
        c.fault('an assertion that is unknown, used, over, or for somebody else');
        return undefined;
      }
      return one.who;
    },
  };
}
