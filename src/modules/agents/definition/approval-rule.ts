import { compileCondition, type Scope, TemplateError } from '../../../engine/expressions/index.js';
import type { DefinitionFault } from '../../../engine/graph/index.js';
import type { JsonObject } from '../../../engine/index.js';
import type { ToolApproval } from './agent-definition.js';

/** The first rule that asks for people's approval of a call; null when none does. The model has no say in it. */
export function ruleFor(rules: readonly ToolApproval[], tool: string, input: JsonObject): ToolApproval | null {
  return rules.find((rule) => rule.tools.some((pattern) => namesTool(pattern, tool)) && holds(rule.when, input)) ?? null;
}

export function ruleFaults(rule: ToolApproval, path: string): DefinitionFault[] {
  const { when } = rule;
  if (when === undefined) return [];
  try {
    compileCondition(when, 'inputs');
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return [{ path: `${path}/when`, code: 'expression', message: error.message }];
  }
}

/** `*` stands for any rest. */
export function namesTool(pattern: string, tool: string): boolean {
  return pattern.endsWith('*') ? tool.startsWith(pattern.slice(0, -1)) : pattern === tool;
}

/** A condition that cannot be decided, say for a missing argument, holds: then people look at it. */
function holds(when: string | undefined, input: JsonObject): boolean {
  if (when === undefined) return true;
  try {
    return compileCondition(when, 'inputs').evaluate({ inputs: input, env: {} } as unknown as Scope);
  } catch {
    return true;
  }
}
