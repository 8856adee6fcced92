import type { DescribedDialect } from '../kit/index.js';
import { flwdProblem } from './problems.js';
import { FlwdModule } from './flwd.module.js';

export const FLWD: DescribedDialect = {
  name: 'flwd',
  title: 'flwd API',
  version: '1.0.0',
  description: 'The API of flwd: workflows as jobs, their runs, logs, artifacts and events.',
  module: FlwdModule,
  errorAnswer: flwdProblem,
};
