// What pages of Azure AD B2C say in their scripts: SETTINGS, SA_FIELDS, UV_PHONE, and CONTENT, which nobody needs.
//
// Documented by public clients: the variables and their keys, csrf and transId in base64, the forced and the chosen second
// factor, MaskedNumber. The vendor's documentation: the captcha's control. Common knowledge: a field with VERIFY.
// Modelled: the fields of pages for terms, a new password and enrolment.
import { page } from './portal.mjs';

export const MAIL = 'c***@customer.test';
export const PHONES = ['XXX-XXX-3161', 'XXX-XXX-8804'];
const STATIC = 'https://static.customer.test/';

function field(id, extra = {}) {
  return { UX_INPUT_TYPE: 'TextBox', USER_INPUT_TYPE: 'TextBox', VERIFY: false, DN: id, ID: id, U_HELP: '', DAY_PRE: '0',
    MONTH_PRE: '0', YEAR_PRE: '0', IS_REQ: true, OPTIONS: [], ...extra };
}

const readOnly = (id, PRE) => field(id, { UX_INPUT_TYPE: 'Readonly', USER_INPUT_TYPE: 'Readonly', PRE });
const control = (id, type, fields) => field(id, { UX_INPUT_TYPE: type, USER_INPUT_TYPE: 'DisplayControl', DISPLAY_FIELDS: fields });
const verification = (id, name, PRE) => control(id, 'VerificationControl', [readOnly(name, PRE), field('verificationCode')]);
const signIn = [field('signInName'), field('password', { UX_INPUT_TYPE: 'Password', USER_INPUT_TYPE: 'Password' })];

const emailControl = verification('emailVerificationControl', 'displayEmailAddress', MAIL);
const textControl = verification('textVerificationControl', 'displayPhoneNumber', PHONES[0]);

// The pages that ask for something, by the step they are: api is the name in the addresses of what follows.
export const pages = {
  password: { api: 'CombinedSigninAndSignup', fields: signIn },
  captcha: { api: 'CombinedSigninAndSignup', fields: [...signIn, control('captchaControlChallengeCode', 'CaptchaControl',
    ['challengeType', 'challengeId', 'challengeString', 'captchaEntered'].map((id) => field(id)))] },
  forced: { api: 'SelfAsserted', fields: [readOnly('extension_isMFAEnabled', 'False'), emailControl] },
  choice: { api: 'SelfAsserted', fields: [readOnly('displayEmailAddress', MAIL), readOnly('displayPhoneNumber', PHONES[0]),
    field('mfaEnabledRadio', { UX_INPUT_TYPE: 'RadioSingleSelect',
      OPTIONS: ['Text', 'Email', 'Call'].map((VAL) => ({ VAL, DISP: VAL })) })] },
  email: { api: 'SelfAsserted', fields: [emailControl] },
  text: { api: 'SelfAsserted', fields: [textControl] },
  legacy: { api: 'SelfAsserted', fields: [field('email', { UX_INPUT_TYPE: 'EmailBox', VERIFY: true, PRE: MAIL })] },
  phone: { api: 'Phonefactor' },
  enrol: { api: 'SelfAsserted', fields: [readOnly('extension_isMFAEnabled', ''), field('mfaEnabledRadio')] },
  terms: { api: 'SelfAsserted', fields: [field('extension_termsOfUseConsentChoice')] },
  renew: { api: 'SelfAsserted', fields: [field('newPassword'), field('reenterPassword')] },
  unheard: { api: 'SelfAsserted', fields: [field('extension_passkeyOffer')] },
};

// What is prefilled goes back as it is.
export function prefilled(fields) { return fields.filter((one) => one.PRE !== undefined).map((one) => [one.ID, one.PRE]); }

const CONTENT = { email_pattern: '^[^{}"]+@[^{}]+$', button_signin: 'Sign in', invalid_email: 'Please enter a "valid" address};',
  unknown_error: 'We are having trouble signing you in. Please try again later.' };

function settings(t, { tenant, policy }) {
  return {
    remoteResource: `${STATIC}unified.html`, retryLimit: 3, trimSpacesInPassword: true, api: t.api, csrf: t.csrf, transId: t.transId,
    pageViewId: t.view, suppressElementCss: false, isPageViewIdSentWithHeader: t.viewInHeader, allowAutoFocusOnPasswordField: true,
    pageMode: 0, config: { enableRememberMe: 'false', showSignupLink: 'True', enableCaptchaChallenge: t.captcha ? 'true' : 'false',
      pollIntervalInMilliseconds: '1000', pollLimit: '20' },
    hosts: { tenant, policy, static: STATIC }, locale: { lang: 'en', country: 'US' },
  };
}

// The page of a transaction at its step; one variable a line, each on a line by itself.
export function render(t, fields, at) {
  const vars = { CP: { list: [] }, ...(fields && { SA_FIELDS: { AttributeFields: fields } }), ...(t.phones && { UV_PHONE: {
    CountryCode: '1', PhoneNumbers: t.phones.map((MaskedNumber, i) => ({ Id: i + 1, MaskedNumber })) } }), CONTENT, SETTINGS: settings(t, at) };
  const lines = Object.entries(vars).map(([name, value]) => `var ${name} = ${JSON.stringify(value)};`);
  return page('Sign in', '<noscript>Your browser does not run scripts.</noscript><div id="api"></div>',
    `<script data-container="true">\n${lines.join('\n')}\n</script>`);
}

// A page that submits itself to the application.
export function formPost(action, fields, escape) {
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`).join('');
  return page('Working...', `<form method="POST" name="hiddenform" action="${escape(action)}">${inputs}<noscript>
<p>Scripts are off. Press Submit to go on.</p><input type="submit" value="Submit"></noscript></form>
<script>window.setTimeout(function () { document.forms[0].submit(); }, 0);</script>`);
}

export function failed(text) {
  return page('Error', `<h1>We can't sign you in</h1><p>Sorry, but we are having trouble signing you in.</p><p>${text}</p>`);
}
