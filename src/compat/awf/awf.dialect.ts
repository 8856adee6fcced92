import type { DescribedDialect } from '../kit/index.js';
import { AwfModule } from './awf.module.js';
import { awfProblem } from './problems.js';

export const AWF: DescribedDialect = {
  name: 'awf',
  title: 'AWF API',
  version: 'v1',
  description: 'The API of `awf serve`: workflows, their executions, events and history.',
  module: AwfModule,
  errorAnswer: awfProblem,
};
