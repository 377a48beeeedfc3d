// Atlantic City Electric (southern New Jersey, electricity). Inferred from the sister company: the B2C host and tenant.
import { exelon } from './lib/exelon.mjs';

export default exelon({
  id: 'ace', name: 'Atlantic City Electric', domain: 'atlanticcityelectric.com',
  tenant: 'euazureace.onmicrosoft.com', widget: 'ace.opower.com', code: 'ace',
  town: { city: 'VINELAND', state: 'NJ', zip: '08360' },
});
