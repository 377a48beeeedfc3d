// Hawaiian Electric: SAP Biller Direct pages behind SAP's Java logon form.
//
// Documented: the logon page, MFA by text or voice call offered in a pop-up after the sign-in, account numbers of 12 digits.
// Modelled: the form's fields (SAP's convention), all of MFA's pages, the tables.
import { hidden } from './lib/aspnet.mjs';
import { escape, page, portal } from './lib/portal.mjs';

const PASSWORD = 'Plumeria-Tide-52';
const at = (number, extra = {}) => ({
  number, partner: `10${number.slice(-6)}`, name: 'Kai Nakoa', address: '1234 ALA LANI ST APT 5B, HONOLULU, HI 96817', status: 'Active',
  installations: [{ contract: `30${number.slice(-6)}`, id: `40${number.slice(-6)}`, meter: `HE${number.slice(-6)}`, rate: 'R', status: 'Active' }], ...extra,
});
const one = [at('202012345678')];
const names = { sms: ['SMS', 'Text message to ***-***-3161'], voice: ['VOICE', 'Automated call to ***-***-3161'] };

const p = portal({
  id: 'heco', name: 'Hawaiian Electric', hosts: ['eservice.hawaiianelectric.com'],
  code: { digits: 6, life: 300, tries: 4 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    sms: { password: PASSWORD, accounts: one, mfa: ['sms'] },
    voice: { password: PASSWORD, accounts: one, mfa: ['voice'] },
    both: { password: PASSWORD, accounts: one, mfa: ['sms', 'voice'] },
    locked: { password: PASSWORD, accounts: one, locked: true },
    offered: { password: PASSWORD, accounts: one, enrol: 'later' },
    forced: { password: PASSWORD, accounts: one, enrol: 'now' },
    expired: { password: PASSWORD, accounts: one, renew: true },
    several: { password: PASSWORD, accounts: [at('202012345678'), at('202098765432', { address: 'PO BOX 77, HILO, HI 96720' })] },
    closed: { password: PASSWORD, accounts: [at('202012345678'), at('202055555555', { status: 'Closed', installations: [] })] },
    many: { password: PASSWORD, accounts: Array.from({ length: 12 }, (_, i) => at(String(202000000100 + i))) },
    none: { password: PASSWORD, accounts: [] },
    twice: { password: PASSWORD, accounts: [at('202012345678', { installations: [...one[0].installations, ...one[0].installations] })] },
    nostreet: { password: PASSWORD, accounts: [at('202012345678', { address: '' })] },
  },
});
const PAGE_OF = 10;
const bar = (kind, text) => (text ? `<div class="urMsgBar${kind}"><span class="urTxtMsg">${escape(text)}</span></div>` : '');

// SAP's markup: tables, ur* classes, the salt in a hidden field and in a cookie.
function logon(c, message = '') {
  const salt = p.token(12);
  c.set('saplb_*', `(J2EE${p.token(6)})`);
  p.state.salts ??= new Set();
  p.state.salts.add(salt);
  return c.html(page('Customer Service Logon', `${message}<form name="logonForm" id="logonForm" method="post" action="/bdisu/j_security_check">
<input type="hidden" name="login_submit" value="on"><input type="hidden" name="login_do_redirect" value="1"><input type="hidden" name="no_cert_storing" value="on">
${hidden('j_salt', salt)}<table><tr><td><label for="logonuidfield">User ID</label></td><td><input class="urEdf2TxtEnbl" type="text" id="logonuidfield" name="j_user"></td></tr>
<tr><td><label for="logonpassfield">Password</label></td><td><input class="urEdf2TxtEnbl" type="password" id="logonpassfield" name="j_password"></td></tr></table>
<input class="urBtnStdNew" type="submit" name="uidPasswordLogon" value="Log On"></form>${p.switches.captcha ? '<div class="h-captcha" data-sitekey="x"></div>' : ''}`));
}

p.get('/bdisu/logon.sap', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Service unavailable', '<h1>503 Service Unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>Online services are down for scheduled maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Request Rejected', 'The requested URL was rejected.'), { status: 403 });
  if (p.switches.rate) return c.html(page('Busy', '<h1>Too many requests</h1>'), { status: 429 });
  if (p.switches.redesign) return c.html(page('Hawaiian Electric', '<app-root></app-root>'));
  return logon(c);
});

function enter(c, who) {
  c.begin('MYSAPSSO2', { who, enrol: who.enrol });
  c.set('JSESSIONID', p.token(18));
  return c.redirect('/bdisu/start.sap');
}

p.post('/bdisu/j_security_check', (c) => {
  const whole = c.need({ form: ['j_user', 'j_password', 'j_salt', 'login_submit', 'login_do_redirect', 'no_cert_storing'] });
  if (!whole || !p.state.salts?.delete(c.form.get('j_salt'))) {
    c.fault('the salt is missing or was used');
    return logon(c, bar('Err', 'Logon failed'));
  }
  const who = p.customer(c.form.get('j_user'));
  const how = p.password(c, who, c.form.get('j_password'));
  if (how === 'locked') return logon(c, bar('Err', 'Your user account is locked'));
  if (how === 'wrong') return logon(c, bar('Err', 'User authentication failed'));
  if (who.renew) return c.html(page('Change Password', `${bar('Warn', 'Your password has expired')}<form method="post" action="/bdisu/j_security_check">
<input type="password" name="j_password"><input type="password" name="j_sap_new_password"><input type="password" name="j_sap_again"></form>`));
  if (!who.mfa || c.session('HECO_TRUST')?.who === who) return enter(c, who);
  c.begin('SAPMFA', { who, at: p.now(), token: p.token(9) });
  return c.redirect('/bdisu/mfa.sap');
});

function pending(c) {
  const half = c.session('SAPMFA');
  if (!half || p.now() - half.at > 600000) return undefined;
  half.token ??= p.token(9);
  return half;
}

const gone = (c) => logon(c, bar('Warn', 'Your session has timed out'));

function methodPage(c, half) {
  const radios = half.who.mfa.map((kind, i) => `<input type="radio" id="m${i}" name="method" value="${names[kind][0]}"><label for="m${i}">${names[kind][1]}</label>`);
  return c.html(page('Verify', `<h1>Verify your identity</h1><form name="mfaMethodForm" method="post" action="/bdisu/mfa.sap">${hidden('sap-token', half.token)}
<fieldset><legend>How would you like to receive your code?</legend>${radios.join('')}</fieldset><button name="event" value="send">Send code</button></form>`));
}

function codePage(c, half, message = '') {
  return c.html(page('Verify', `${message}<h1>Enter your code</h1><p>We sent a code to <span id="mfaDest">***-***-3161</span></p>
<form name="mfaCodeForm" method="post" action="/bdisu/mfa.sap">${hidden('sap-token', half.token)}${hidden('method', names[half.kind][0])}
<label for="code">Verification code</label><input id="code" name="code" type="text" maxlength="10"><input type="checkbox" id="trust" name="trustDevice" value="X"><label for="trust">Trust this device</label>
<button name="event" value="verify">Verify</button><button name="event" value="resend">Send a new code</button><button name="event" value="change">Use another way</button></form>`));
}

p.get('/bdisu/mfa.sap', (c) => {
  const half = pending(c);
  return half ? methodPage(c, half) : gone(c);
});

function send(c, half, method) {
  half.kind = half.who.mfa.find((kind) => names[kind][0] === method);
  if (!half.kind) {
    c.fault('a method that was not offered');
    return methodPage(c, half);
  }
  if (p.switches.unsent) return codePage(c, half, bar('Err', 'The request could not be processed'));
  if (p.tooOften(half)) return codePage(c, half, bar('Err', 'Too many codes were requested. Please try again later.'));
  half.at = p.now();
  p.send(half.who, half.kind, '***-***-3161');
  return codePage(c, half);
}

function verify(c, half) {
  c.need({ form: ['code', 'method'] });
  const how = p.verify(c, half.who, c.form.get('code'));
  if (how === 'exhausted') {
    c.end('SAPMFA');
    return logon(c, bar('Err', 'Too many attempts. Please log on again later.'));
  }
  if (how === 'expired') return codePage(c, half, bar('Err', 'The code has expired'));
  if (how !== 'ok') return codePage(c, half, bar('Err', 'The code you entered is not correct'));
  c.end('SAPMFA');
  if (c.form.get('trustDevice')) c.begin('HECO_TRUST', { who: half.who }, { maxAge: 7776000 });
  return enter(c, half.who);
}

p.post('/bdisu/mfa.sap', (c) => {
  const half = pending(c);
  if (!half) return gone(c);
  if (c.form.get('sap-token') !== half.token) {
    c.fault('the page token is missing or old');
    return gone(c);
  }
  half.token = p.token(9);
  const event = c.form.get('event');
  if (event === 'change') return methodPage(c, half);
  if (event === 'verify') return verify(c, half);
  if (event === 'send' || event === 'resend') return send(c, half, c.form.get('method'));
  c.fault('no button was pressed');
  return methodPage(c, half);
});

// Inside

function signedIn(c) { return p.lost(c) ? undefined : c.session('MYSAPSSO2'); }

function offer(session) {
  if (!session.enrol) return '';
  const later = session.enrol === 'later' ? '<button name="event" value="later">Remind me later</button>' : '';
  return `<div id="mfaEnroll" role="dialog"><h2>Protect your account</h2><form name="mfaEnrollForm" method="post" action="/bdisu/enroll.sap">${hidden('sap-token', session.token)}
<button name="event" value="enroll">Set up now</button>${later}</form></div>`;
}

p.get('/bdisu/start.sap', (c) => {
  const session = signedIn(c);
  if (!session) return gone(c);
  session.token = p.token(9);
  const { accounts } = session.who;
  const number = Number(c.query.get('page') ?? 1);
  const rows = accounts.slice((number - 1) * PAGE_OF, number * PAGE_OF).map((a) => `<tr><td>${a.partner}</td><td><a href="/bdisu/contractaccount.sap?vkont=${a.number}">${a.number}</a></td><td>${
    escape(a.name)}</td><td>${escape(a.address)}</td><td>${a.status}</td></tr>`);
  const table = accounts.length ? `<table id="contractAccounts" class="urST"><tr><th>Business Partner</th><th>Contract Account</th><th>Name</th><th>Service Address</th><th>Status</th></tr>${rows.join('\n')}</table>`
    : '<p id="noContractAccounts">There are no contract accounts.</p>';
  const next = number * PAGE_OF < accounts.length ? `<a class="next" href="/bdisu/start.sap?page=${number + 1}">Next</a>` : '';
  return c.html(page('My Account', `${offer(session)}<h1>Accounts</h1>${table}${next}<a href="/bdisu/logoff.sap">Log off</a>`));
});

p.post('/bdisu/enroll.sap', (c) => {
  const session = signedIn(c);
  if (!session) return gone(c);
  if (c.form.get('sap-token') !== session.token) c.fault('the page token is missing or old');
  if (c.form.get('event') !== 'later' || session.enrol !== 'later') c.fault('the customer was enrolled without having asked');
  session.enrol = undefined;
  return c.redirect('/bdisu/start.sap');
});

p.get('/bdisu/contractaccount.sap', (c) => {
  const session = signedIn(c);
  if (!session) return gone(c);
  const a = session.who.accounts.find((one_) => one_.number === c.query.get('vkont'));
  if (!a) {
    c.fault('an account of somebody else');
    return c.html(page('Error', bar('Err', 'No authorization')));
  }
  const rows = a.installations.map((i) => `<tr><td>${i.contract}</td><td>${i.id}</td><td>${i.meter}</td><td>${i.rate}</td><td>${escape(a.address)}</td><td>${i.status}</td></tr>`);
  return c.html(page('Contract account', `<h1>${a.number}</h1><table id="installations" class="urST"><tr><th>Contract</th><th>Installation</th><th>Meter</th><th>Rate</th><th>Service Address</th><th>Status</th></tr>${rows.join('')}</table>
<a href="/bdisu/logoff.sap">Log off</a>`));
});

p.get('/bdisu/logoff.sap', (c) => {
  c.session('MYSAPSSO2');
  c.end('MYSAPSSO2');
  return logon(c, bar('Inf', 'You have logged off'));
});

export default p;
