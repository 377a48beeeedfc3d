// PECO Energy (Philadelphia, electricity and gas). Inferred from the sister company: the B2C host and tenant.
import { exelon } from './lib/exelon.mjs';

export default exelon({
  id: 'peco', name: 'PECO', domain: 'peco.com',
  tenant: 'euazurepeco.onmicrosoft.com', widget: 'peco.opower.com', code: 'peco',
  town: { city: 'PHILADELPHIA', state: 'PA', zip: '19103' },
});
