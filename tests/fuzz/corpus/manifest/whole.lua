local p = { { kind = 'otp', html = '#a', digits = 6 }, { kind = 'question', json = '$.t', equals = 'Q' } }
return { api = 1, id = 'fuzz', name = 'F', utility_id = 7, regions = { 'NY' }, services = { 'gas' },
  portal = 'https://a.example.com/', hosts = { 'a.example.com', { '*.b.example.com:8443', secrets = false } },
  credentials = { { name = 'username', type = 'email' }, { name = 'password', secret = true } },
  mfa = { policy = 'relay', help_url = 'https://a.example.com/', patterns = p, steps = { 'x' }, kinds = { 'otp' } },
  errors = { { code = 'auth.credentials', text = [[(?i)wrong]], status = { 401, 403 } }, { code = 'site.down', url = 'x' } },
  sign_in = function(s) end, meters = function(s) return {} end, sign_out = function() end, ["timezone"] = 'UTC' }
