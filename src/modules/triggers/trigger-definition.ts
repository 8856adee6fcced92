import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { checkTemplate, type Declarations } from '../../engine/expressions/index.js';
import type { DefinitionFault } from '../../engine/graph/index.js';
import { toFaults } from '../../engine/graph/schemas.js';
import { isJsonObject, type Json, type JsonObject, RUN_EVENT_TYPES, type RunEventType } from '../../engine/index.js';
import { cronFault } from './cron-schedule.js';

export const TRIGGER_KINDS = ['cron', 'webhook', 'event'] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** What a fire does while runs of earlier fires are not over. */
export const OVERLAP_POLICIES = ['skip', 'queue', 'cancel_running', 'allow'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

export interface CronConfig {
  readonly expression: string;
  readonly timezone: string;
  readonly overlap: OverlapPolicy;
  readonly catch_up_ms: number;
}

export interface WebhookConfig {
  readonly verify: 'signature' | 'none';
}

export interface EventConfig {
  readonly types: readonly RunEventType[];
  /** Id or `namespace/name`; absent: of any workflow. */
  readonly workflow?: string;
}

/** A trigger as its author writes it, checked and completed with defaults. */
export type TriggerSpec = {
  readonly name: string | null;
  readonly enabled: boolean;
  /** Templates of the run's inputs. */
  readonly inputs: JsonObject;
} & (
  | { readonly kind: 'cron'; readonly config: CronConfig }
  | { readonly kind: 'webhook'; readonly config: WebhookConfig }
  | { readonly kind: 'event'; readonly config: EventConfig }
);

const WEEK_MS = 7 * 86_400_000;

/** JSON Schema of a trigger's `config`, by kind. */
export const CONFIG_SCHEMAS: Readonly<Record<TriggerKind, JsonObject>> = {
  cron: {
    type: 'object',
    additionalProperties: false,
    required: ['expression'],
    properties: {
      expression: {
        type: 'string',
        maxLength: 200,
        description: 'Minute, hour, day, month and weekday, or six fields with seconds first.',
      },
      timezone: { type: 'string', maxLength: 64, default: 'UTC', description: 'IANA name of the zone the expression is read in.' },
      overlap: {
        enum: [...OVERLAP_POLICIES],
        default: 'skip',
        description: 'When runs of earlier fires are not over: start none, start it after them, cancel them, or start it beside them.',
      },
      catch_up_ms: {
        type: 'integer',
        minimum: 0,
        maximum: WEEK_MS,
        default: 0,
        description: 'Fires that were missed are made good when they are not older.',
      },
    },
  },
  webhook: {
    type: 'object',
    additionalProperties: false,
    properties: {
      verify: {
        enum: ['signature', 'none'],
        default: 'signature',
        description: 'Whether calls must be signed by Standard Webhooks with the secret of the trigger.',
      },
    },
  },
  event: {
    type: 'object',
    additionalProperties: false,
    required: ['types'],
    properties: {
      types: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { enum: [...RUN_EVENT_TYPES] },
        description: 'Types of events that fire it.',
      },
      workflow: { type: 'string', minLength: 1, maxLength: 400, description: 'Only events of runs of this workflow: its id or name.' },
    },
  },
};

const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$';

const TRIGGER_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: { enum: [...TRIGGER_KINDS] },
    name: { type: 'string', pattern: NAME_PATTERN },
    enabled: { type: 'boolean', default: true },
    config: { type: 'object', default: {} },
    inputs: { type: 'object', default: {} },
  },
};

const ajv = new Ajv2020({ allErrors: true, strict: false, verbose: true, useDefaults: true });
const validateTrigger = ajv.compile(TRIGGER_SCHEMA);
const validateConfig = Object.fromEntries(TRIGGER_KINDS.map((kind) => [kind, ajv.compile(CONFIG_SCHEMAS[kind])])) as unknown as Record<
  TriggerKind,
  ValidateFunction
>;

/** What the inputs of a run may be made of. */
const ROOTS: Readonly<Record<TriggerKind, readonly string[]>> = {
  cron: ['trigger'],
  webhook: ['trigger', 'body', 'headers', 'query'],
  event: ['trigger', 'event'],
};

/** Names that mean something in other places; any other is told as unknown by the expression itself. */
const ELSEWHERE: ReadonlySet<string> = new Set([...Object.values(ROOTS).flat(), 'inputs', 'env']);

export type CheckedTrigger = { readonly spec: TriggerSpec } | { readonly faults: readonly DefinitionFault[] };

/** Checks one trigger; `pointer` is where it stands in its document. */
export function checkTrigger(value: Json, pointer: string): CheckedTrigger {
  const draft = structuredClone(value);
  const faults = validateTrigger(draft) ? [] : toFaults(validateTrigger.errors ?? [], pointer);
  if (!isJsonObject(draft)) return { faults };
  const kind = TRIGGER_KINDS.find((known) => known === draft.kind);
  if (kind === undefined) return { faults };
  if (isJsonObject(draft.config)) {
    const validate = validateConfig[kind];
    if (!validate(draft.config)) faults.push(...toFaults(validate.errors ?? [], `${pointer}/config`));
    else if (kind === 'cron') faults.push(...cronFaults(draft.config as unknown as CronConfig, `${pointer}/config`));
  }
  if (isJsonObject(draft.inputs)) {
    const found = checkTemplate(draft.inputs, `${pointer}/inputs`, declarationsOf(kind)).filter(({ severity }) => severity === 'error');
    faults.push(...found.map(({ path, code, message, line, column, offset }) => ({ path, code, message, line, column, offset })));
  }
  return faults.length > 0
    ? { faults }
    : { spec: { ...(draft as unknown as TriggerSpec), name: (draft.name as string | undefined) ?? null } };
}

function cronFaults(config: CronConfig, pointer: string): DefinitionFault[] {
  const fault = cronFault(config, Date.now());
  return fault === null ? [] : [{ path: `${pointer}/${fault.field}`, code: fault.code, message: fault.message }];
}

function declarationsOf(kind: TriggerKind): Declarations {
  const roots = ROOTS[kind];
  return {
    variables: 'trigger',
    typeOf: () => undefined,
    judge: ({ root }) =>
      roots.includes(root) || !ELSEWHERE.has(root)
        ? undefined
        : { code: 'unknown_variable', message: `${root} is not known in a trigger of kind ${kind}; known are ${roots.join(', ')}` },
  };
}

/** A trigger of a definition, under the name it is known by from version to version. */
export type NamedTrigger = TriggerSpec & { readonly name: string };

/** Checks the triggers of a definition. One without a name is known by its kind and its place among that kind. */
export function checkTriggers(definition: JsonObject): {
  readonly specs: readonly NamedTrigger[];
  readonly faults: readonly DefinitionFault[];
} {
  const list = Array.isArray(definition.triggers) ? definition.triggers : [];
  const specs: NamedTrigger[] = [];
  const faults: DefinitionFault[] = [];
  const names = new Map<string, number>();
  const count: Record<TriggerKind, number> = { cron: 0, webhook: 0, event: 0 };
  list.forEach((value, index) => {
    const pointer = `/triggers/${index}`;
    const checked = checkTrigger(value, pointer);
    if ('faults' in checked) {
      faults.push(...checked.faults);
      return;
    }
    const { spec } = checked;
    const name = spec.name ?? `${spec.kind}-${(count[spec.kind] += 1)}`;
    const twin = names.get(name);
    if (twin !== undefined)
      faults.push({ path: `${pointer}/name`, code: 'duplicate_name', message: `${name} is the name of /triggers/${twin} already` });
    names.set(name, index);
    specs.push({ ...spec, name });
  });
  return { specs, faults };
}
