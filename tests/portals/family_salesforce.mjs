// Cedar Power, made up: a Salesforce community with a login controller of its own.
import { cedar } from './lib/cedar.mjs';

export default cedar({ id: 'family_salesforce', name: 'Cedar Power', host: 'my.cedarpower.test', visualforce: false });
