import type { DescribedDialect } from '../kit/index.js';
import { AstromeshModule } from './astromesh.module.js';
import { astromeshError } from './errors.js';

export const ASTROMESH: DescribedDialect = {
  name: 'astromesh',
  title: 'Astromesh API',
  version: 'v1',
  description: 'The API of `astromeshd`: agents, their memory, tools, RAG and the state of the system.',
  module: AstromeshModule,
  anyOrigin: true,
  passesOverUnknownMembers: true,
  errorAnswer: astromeshError,
};
