// The second factor of Azure AD B2C: display controls, the phone page, the older check of an address; codes and calls.
//
// Documented by public clients: all requests; the phone page's answers in numbers alone (449 wrong or not yet, 448
// unreachable, 429 too many); that a call is waited for. The vendor's documentation: the words of refusals. Modelled:
// how many codes are sent, that a declined call counts as unreachable.
import { fieldsOf, MAIL, prefilled } from './b2c_pages.mjs';

export const LIFE = 900000; // ms from a page or a code to the end of a transaction
const wrong = 'That code is incorrect. Please try again.';
const expired = 'That code is expired. Please request a new code.';
const byControl = { wrong, used: wrong, expired,
  exhausted: 'One-time password provided verification has exceeded maximum number of attempts' };
const byAddress = { wrong, used: wrong, expired,
  exhausted: "You've made too many incorrect attempts. Please try again later." };
const sentTooOften = 'You have exceeded the number of code generation attempts.';
const askedTooOften = 'There have been too many requests to verify this email address. '
  + 'Please wait a while, then try again.';
const ways = { Text: 'sms', Email: 'email', Call: 'voice' };
const controls = { emailVerificationControl: 'email', textVerificationControl: 'sms' };

export class Codes {
  ok(c, t) {
    t.accepted = true;
    return c.send({ status: '200' });
  }

  no(c, message, errorCode) { return c.send({ status: '400', ...(errorCode && { errorCode }), message }); }

  // What was prefilled must come back unchanged: another value would change a setting of the customer's.
  same(c, t) {
    for (const [name, value] of prefilled(fieldsOf(t.step, t.who))) {
      if (c.form.get(name) !== value) c.fault(`${name} is ${c.form.get(name)}, the page has ${value}`);
    }
  }

  // The steps of their pages

  assert_choice(c, t) {
    this.same(c, t);
    const given = c.form.get('mfaEnabledRadio');
    const offered = fieldsOf(t.step, t.who).find((one) => one.ID === 'mfaEnabledRadio').OPTIONS;
    if (!offered.some((one) => one.VAL === given)) {
      c.fault(`mfaEnabledRadio is ${given}`);
      return this.no(c, 'Choose a method.');
    }
    t.way = ways[given];
    return this.ok(c, t);
  }

  assert_forced(c, t) { return this.proven(c, t, ['displayEmailAddress', 'verificationCode']); }

  assert_email(c, t) { return this.proven(c, t, ['displayEmailAddress', 'verificationCode']); }

  assert_text(c, t) { return this.proven(c, t, ['displayPhoneNumber', 'verificationCode']); }

  assert_legacy(c, t) { return this.proven(c, t, ['email']); }

  proven(c, t, form) {
    c.need({ form });
    this.same(c, t);
    if (t.verified) return this.ok(c, t);
    c.fault('went on before the code was verified');
    return this.no(c, 'Claim not verified: verificationCode');
  }

  // Codes

  deliver(c, t, medium, dest) {
    t.until = this.p.now() + LIFE;
    this.p.send(t.who, medium, dest);
    return c.send({ status: '200' });
  }

  judge(c, t, given) {
    const how = this.p.verify(c, t.who, given);
    t.verified = how === 'ok';
    return how;
  }

  // A display control of the page: its destination goes with each action.
  act(c, t) {
    const { control, action } = c.params;
    const shown = fieldsOf(t.step, t.who)?.find((one) => one.ID === control)?.DISPLAY_FIELDS?.[0];
    const medium = controls[control];
    if (!shown || !medium || !['SendCode', 'VerifyCode'].includes(action)) {
      c.fault(`${control} is not on this page, or it cannot ${action}`);
      return this.no(c, 'Bad request');
    }
    if (c.form.get(shown.ID) !== shown.PRE) c.fault(`${shown.ID} is ${c.form.get(shown.ID)}`);
    if (action === 'SendCode') {
      if (this.p.tooOften(t)) return this.no(c, sentTooOften, 'UserMessageIfMaxNumberOfCodeGenerated');
      return this.deliver(c, t, medium, shown.PRE);
    }
    c.need({ form: ['verificationCode'] });
    const how = this.judge(c, t, c.form.get('verificationCode'));
    return how === 'ok' ? c.send({ status: '200' }) : this.no(c, byControl[how], 'UserMessageIfInvalidCode');
  }

  // An address that is checked without a control.
  legacy(c, t, type) {
    if (c.form.get('claim_id') !== 'email') c.fault(`claim_id is ${c.form.get('claim_id')}`);
    if (type === 'VERIFICATION_REQUEST') {
      if (c.form.get('claim_value') !== MAIL) c.fault(`claim_value is ${c.form.get('claim_value')}`);
      return this.p.tooOften(t) ? this.no(c, askedTooOften) : this.deliver(c, t, 'email', MAIL);
    }
    c.need({ form: ['user_input'] });
    const how = this.judge(c, t, c.form.get('user_input'));
    return how === 'ok' ? c.send({ status: '200' }) : this.no(c, byAddress[how]);
  }

  // The phone page, which answers in numbers alone

  phone(c, t) {
    const status = (number) => c.send({ status: String(number) });
    const type = c.form.get('request_type');
    if (t.step !== 'phone' || t.captcha) {
      c.fault(t.captcha ? 'a page with a captcha was answered' : 'no phone is asked for here');
      return status(400);
    }
    if (type === 'VERIFICATION_REQUEST') return this.dial(c, t, status);
    if (type !== 'VALIDATION_REQUEST') c.fault(`request_type is ${type}`);
    if (t.call) return this.called(t, status);
    c.need({ form: ['verification_code'] });
    if (this.judge(c, t, c.form.get('verification_code')) !== 'ok') return status(449);
    return this.ok(c, t);
  }

  dial(c, t, status) {
    const [id, type] = [c.form.get('id'), c.form.get('auth_type')];
    const dest = t.phones[Number(id) - 1];
    if (!dest || { sms: 'onewaysms', voice: 'dialphone' }[t.way] !== type) {
      c.fault(`id is ${id}, auth_type is ${type}, chosen was ${t.way}`);
      return status(400);
    }
    if (this.p.switches.unreachable) return status(448);
    if (this.p.tooOften(t)) return status(429);
    if (t.way === 'sms') return this.deliver(c, t, 'sms', dest);
    t.call = this.p.approval(t.who, `a call to ${dest}`);
    return status(200);
  }

  // Nothing is typed: the customer presses a key, and the page asks until then.
  called(t, status) {
    if (t.call.decision === 'approve') t.verified = t.accepted = true;
    return status({ approve: 200, deny: 448 }[t.call.decision] ?? 449);
  }
}
