import { launcherConformance } from '../../conformance/launcher.ts';
import { makeDocker } from './launcher-fixture.ts';

launcherConformance('docker', makeDocker);
