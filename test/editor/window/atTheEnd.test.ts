import { closeBrowser } from '../harness/sharedBrowser';
import { closeSharedWindows } from '../harness/sharedWindow';

after(async () => {
  await closeSharedWindows();
  await closeBrowser();
});
