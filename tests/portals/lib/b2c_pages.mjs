// What pages of Azure AD B2C say in their scripts: SETTINGS, SA_FIELDS, UV_PHONE, and CONTENT, which nobody needs.
//
// Documented by public clients: the variables and their keys, csrf and transId in base64, the forced and the chosen
// second factor, MaskedNumber, values of a choice. The vendor's documentation: the captcha's control. Common
// knowledge: a field with VERIFY. Modelled: the fields of pages for terms, a new password and enrolment.
import { escape, page } from './portal.mjs';

export const MAIL = 'c***@customer.test';
export const PHONES = ['XXX-XXX-3161', 'XXX-XXX-8804'];
const STATIC = 'https://static.customer.test/';

function field(ID, extra = {}) {
  return { UX_INPUT_TYPE: 'TextBox', USER_INPUT_TYPE: 'TextBox', VERIFY: false, DN: ID, ID, U_HELP: '', DAY_PRE: '0',
    MONTH_PRE: '0', YEAR_PRE: '0', IS_REQ: true, OPTIONS: [], ...extra };
}

const like = (type, id, extra) => field(id, { UX_INPUT_TYPE: type, USER_INPUT_TYPE: type, ...extra });
const readOnly = (id, PRE) => like('Readonly', id, { PRE });
const radio = (id, values) => like('RadioSingleSelect', id, { OPTIONS: values.map((VAL) => ({ VAL, DISP: VAL })) });

function control(id, type, fields) {
  return field(id, { UX_INPUT_TYPE: type, USER_INPUT_TYPE: 'DisplayControl', DISPLAY_FIELDS: fields });
}

const verification = (id, shown) => control(id, 'VerificationControl', [shown, field('verificationCode')]);
const captcha = control('captchaControlChallengeCode', 'CaptchaControl',
  ['challengeType', 'challengeId', 'challengeString', 'captchaEntered'].map((id) => field(id)));
const signIn = [field('signInName'), like('Password', 'password')];
const address = readOnly('displayEmailAddress', MAIL);
const phone = readOnly('displayPhoneNumber', PHONES[0]);
const byEmail = verification('emailVerificationControl', address);

// What may be chosen by customers who have opted in, by their `mfa`.
const choices = {
  choice: [address, phone, radio('mfaEnabledRadio', ['Text', 'Email', 'Call'])],
  phone: [phone, radio('mfaEnabledRadio', ['Text', 'Call'])],
  text: [phone, radio('mfaEnabledRadio', ['Text'])],
  mail: [address, radio('mfaEnabledRadio', ['Email'])],
};

const self = (...fields) => ({ api: 'SelfAsserted', fields });

// The steps that are a page; api is the name in the addresses of what follows it.
export const pages = {
  password: { api: 'CombinedSigninAndSignup', fields: signIn },
  captcha: { api: 'CombinedSigninAndSignup', fields: [...signIn, captcha] },
  forced: self(readOnly('extension_isMFAEnabled', 'False'), byEmail),
  choice: self(),
  email: self(byEmail),
  text: self(verification('textVerificationControl', phone)),
  legacy: self(like('EmailBox', 'email', { VERIFY: true, PRE: MAIL })),
  phone: { api: 'Phonefactor' },
  enrol: self(readOnly('extension_isMFAEnabled', ''), radio('mfaEnabledRadio', ['Text', 'Email', 'Call'])),
  terms: self(field('extension_termsOfUseConsentChoice')),
  renew: self(like('Password', 'newPassword'), like('Password', 'reenterPassword')),
  unheard: self(field('extension_passkeyOffer')),
};

export function fieldsOf(step, who) { return step === 'choice' ? choices[who.mfa] : pages[step].fields; }

// What is prefilled: it goes back as it is.
export function prefilled(fields) {
  return fields.filter((one) => one.PRE !== undefined).map((one) => [one.ID, one.PRE]);
}

const CONTENT = {
  button_signin: 'Sign in', email_pattern: '^[^{}"]+@[^{}]+$', invalid_email: 'Please enter a "valid" address};',
  unknown_error: 'We are having trouble signing you in. Please try again later.',
};

function settings(t, hosts) {
  return {
    remoteResource: `${STATIC}unified.html`, retryLimit: 3, trimSpacesInPassword: true, api: t.api, csrf: t.csrf,
    transId: t.transId, pageViewId: t.view, suppressElementCss: false, isPageViewIdSentWithHeader: t.viewInHeader,
    allowAutoFocusOnPasswordField: true, pageMode: 0,
    config: { enableRememberMe: 'false', showSignupLink: 'True', enableCaptchaChallenge: String(t.captcha),
      pollIntervalInMilliseconds: '5000', pollLimit: '20' },
    hosts: { ...hosts, static: STATIC }, locale: { lang: 'en', country: 'US' },
  };
}

function phoneNumbers(numbers) {
  return { CountryCode: '1', PhoneNumbers: numbers.map((MaskedNumber, i) => ({ Id: i + 1, MaskedNumber })) };
}

// The page of a transaction at its step; one variable a line.
export function render(t, hosts) {
  const fields = fieldsOf(t.step, t.who);
  const variables = {
    CP: { list: [] },
    ...(fields && { SA_FIELDS: { AttributeFields: fields } }),
    ...(t.phones && { UV_PHONE: phoneNumbers(t.phones) }),
    CONTENT,
    SETTINGS: settings(t, hosts),
  };
  const lines = Object.entries(variables).map(([name, value]) => `var ${name} = ${JSON.stringify(value)};`);
  return page('Sign in', '<noscript>Your browser does not run scripts.</noscript><div id="api"></div>',
    `<script data-container="true">\n${lines.join('\n')}\n</script>`);
}

// A page that submits itself to the application.
export function formPost(action, fields) {
  const inputs = fields.map(([name, value]) => (
    `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)).join('');
  return page('Working...', `<form method="POST" name="hiddenform" action="${escape(action)}">${inputs}
<noscript><p>Scripts are off. Press Submit to go on.</p><input type="submit" value="Submit"></noscript></form>
<script>window.setTimeout(function () { document.forms[0].submit(); }, 0);</script>`);
}

export function failed(text) {
  return page('Error', `<h1>We can't sign you in</h1><p>${text}</p>`);
}
