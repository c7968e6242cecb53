import { after, before } from 'node:test';
import { launcherConformance } from '../../conformance/launcher.ts';
import { makeNamespace, type TestNamespace } from './cluster.ts';
import { makeKubernetes } from './fixture.ts';

let namespace: TestNamespace | null = null;
before(async () => {
  namespace = await makeNamespace();
});
after(() => namespace?.remove());

launcherConformance('kubernetes', () => {
  if (namespace === null) throw new Error('no namespace');
  return makeKubernetes(namespace);
});
