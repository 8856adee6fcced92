import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import type { JobFaults } from '../flwd/job-faults.js';
import { numberOf } from './mesh-names.js';

/** How dangerous a node is, from the least. */
const RISKS = ['read_only', 'internal', 'external_io', 'irreversible'] as const;
type Risk = (typeof RISKS)[number];

interface Mode {
  readonly budgetUsd: number;
  /** From which risk on people are asked; null: never. */
  readonly tier: Risk | null;
}

export const MESH_MODES: Readonly<Record<string, Mode>> = {
  dev: { budgetUsd: 0.25, tier: null },
  standard: { budgetUsd: 1, tier: null },
  regulated: { budgetUsd: 2, tier: 'irreversible' },
  'legal-critical': { budgetUsd: 5, tier: 'external_io' },
  hipaa: { budgetUsd: 2, tier: 'irreversible' },
};

const DEFAULT_TOKENS = 500_000;
const DEFAULT_STEPS = 50;
/** Members that do something; the others are passed over. */
const KNOWN = new Set(['mode', 'budget_usd', 'budget_tokens', 'timeout_s', 'max_steps', 'human_approval_tier']);

export interface MeshPolicy {
  readonly budgetUsd: number;
  readonly budgetTokens: number;
  /** Undefined: none was said. */
  readonly timeoutS: number | undefined;
  readonly maxSteps: number;
  readonly tier: Risk | null;
}

/** What a document's `policy` says, and what counts where it says nothing. */
export function readPolicy(document: JsonObject, faults: JobFaults): MeshPolicy {
  const policy = faults.mapping(document, 'policy') ?? {};
  const named = faults.text(policy, 'mode', '/policy');
  const mode = MESH_MODES[named ?? 'standard'];
  if (mode === undefined) faults.error('/policy/mode', 'enum', `must be one of ${Object.keys(MESH_MODES).join(', ')}`);
  for (const member of Object.keys(policy)) {
    if (!KNOWN.has(member)) faults.warn(`/policy/${member}`, 'ignored', 'has no effect here');
  }
  const number = (member: string): number | undefined => {
    const value = numberOf(policy[member]);
    if (value === undefined && policy[member] !== undefined) faults.error(`/policy/${member}`, 'type', 'must be a number of at least 0');
    return value;
  };
  return {
    budgetUsd: number('budget_usd') ?? mode?.budgetUsd ?? 1,
    budgetTokens: number('budget_tokens') ?? DEFAULT_TOKENS,
    timeoutS: number('timeout_s'),
    maxSteps: number('max_steps') ?? DEFAULT_STEPS,
    tier: tierOf(policy, named === undefined ? 'irreversible' : (mode?.tier ?? null), faults),
  };
}

function tierOf(policy: JsonObject, byMode: Risk | null, faults: JobFaults): Risk | null {
  const told = faults.text(policy, 'human_approval_tier', '/policy');
  if (told === undefined) return byMode;
  if (told === 'none') return null;
  if (isRisk(told)) return told;
  faults.error('/policy/human_approval_tier', 'enum', `must be one of none, ${RISKS.join(', ')}`);
  return byMode;
}

/** Whether people are asked before a node of this risk. */
export function needsApproval(risk: Json | undefined, { tier }: Pick<MeshPolicy, 'tier'>): boolean {
  return tier !== null && typeof risk === 'string' && isRisk(risk) && RISKS.indexOf(risk) >= RISKS.indexOf(tier);
}

export function checkRisk(node: JsonObject, path: string, faults: JobFaults): void {
  const risk = faults.text(node, 'risk', path);
  if (risk !== undefined && !isRisk(risk)) faults.error(`${path}/risk`, 'enum', `must be one of ${RISKS.join(', ')}`);
}

function isRisk(text: string): text is Risk {
  return (RISKS as readonly string[]).includes(text);
}

/** The inputs of a workflow: a task, what else is known, and budgets over those of the document. */
export function inputsSchema({ budgetUsd, budgetTokens }: MeshPolicy): JsonObject {
  return {
    type: 'object',
    properties: {
      task: { type: 'string', default: '', description: 'What is to be done.' },
      context: { type: 'object', default: {}, description: 'What else is known.' },
      policy: {
        type: 'object',
        default: {},
        properties: {
          budget_usd: { type: 'number', minimum: 0, default: budgetUsd },
          budget_tokens: { type: 'integer', minimum: 0, default: Math.floor(budgetTokens) },
        },
      },
    },
  };
}

export function isMeshflowDocument(value: Json): value is JsonObject {
  return isJsonObject(value) && isJsonObject(value['nodes']) && !('states' in value) && !('kind' in value);
}
