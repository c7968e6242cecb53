import { launcherConformance } from './launcher.ts';
import { makeLocal } from './launcher/local-process.ts';

launcherConformance('local-process', makeLocal);
