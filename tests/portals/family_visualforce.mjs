// Juniper Power, made up: a Salesforce community with a Visualforce sign-in (or the standard Lightning component: switch `lightning`).
import { cedar } from './lib/cedar.mjs';

export default cedar({ id: 'family_visualforce', name: 'Juniper Power', host: 'my.juniperpower.test', visualforce: true });
