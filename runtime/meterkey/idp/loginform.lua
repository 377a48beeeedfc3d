-- A sign-in form filled in as a person does it: the only field for a name, the only one for a password, the button.
-- Field names differ from portal to portal and change with redesigns; the form itself says which is which.
local loginform = {}

loginform.selector = [[form:has(input[type="password"])]]

-- Names of the two fields of a form, which must be beyond doubt.
local function fields(s, form)
  local user, password = {}, {}
  for _, control in ipairs(form:controls()) do
    local list = ({ text = user, password = password })[control.type]
    if list and control.name ~= "" and not control.disabled then list[#list + 1] = control.name end
  end
  if #user ~= 1 or #password ~= 1 then
    s:fail("adapter.unexpected_page",
      ("the sign-in form has %d fields for a name and %d for a password"):format(#user, #password))
  end
  return user[1], password[1]
end

-- The named submit button that a person would press, if there is just one: its name is sent too.
local function button(form)
  local named = {}
  for _, one in ipairs(form:buttons()) do
    if one.name ~= "" and not one.disabled then named[#named + 1] = one end
  end
  return #named == 1 and named[1].element or nil
end

-- The values of a sign-in form's two fields by name. names: { user =, password = }, where the form leaves a doubt.
function loginform.values(s, form, names)
  local user, password = names and names.user, names and names.password
  if not (user and password) then user, password = fields(s, form) end
  return { [user] = s.credentials.username, [password] = s.credentials.password }
end

-- The page's sign-in form with the customer's credentials, and what s:submit wants to know of it ({ button = … }).
-- names: as above, and form = selector.
function loginform.fill(s, page, names)
  local form = page:form(names and names.form or loginform.selector)
  for name, value in pairs(loginform.values(s, form, names)) do form:set(name, value) end
  return form, { button = button(form) }
end

return loginform
