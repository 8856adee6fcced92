export type { NodeView, RunView, Scope } from './scope.js';
export type { CompiledCondition, CompiledTemplate, References } from './template.types.js';
