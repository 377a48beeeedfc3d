// Commonwealth Edison (northern Illinois, electricity). Documented: the B2C host, tenant and policy of the web sign-in.
import { exelon } from './lib/exelon.mjs';

export default exelon({
  id: 'comed', name: 'ComEd', domain: 'comed.com',
  tenant: 'euazurecomed.onmicrosoft.com', widget: 'cec.opower.com', code: 'cec',
  town: { city: 'CHICAGO', state: 'IL', zip: '60601' },
});
