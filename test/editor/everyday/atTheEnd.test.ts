import { closeBrowser } from '../harness/sharedBrowser';

after(closeBrowser);
