import type { DescribedDialect } from '../kit/index.js';
import { flwdProblem } from './problems.js';
import { FlwdModule } from './flwd.module.js';
import { isRootPath, rootProblem } from './root/problems.js';

export const FLWD: DescribedDialect = {
  name: 'flwd',
  title: 'flwd API',
  version: '1.0.0',
  description: 'The APIs of flwd, the documented one and that at the root: workflows as jobs, their runs, logs, artifacts and events.',
  module: FlwdModule,
  replayHeader: 'Idempotent-Replay',
  errorAnswer: (error, path, requestId) => (isRootPath(path) ? rootProblem : flwdProblem)(error, path, requestId),
};
