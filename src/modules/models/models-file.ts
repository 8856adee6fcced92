import { readFileSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { parse } from 'yaml';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { SchemaValidator } from '../nodes/index.js';
import type { JsonObject } from '../../engine/index.js';
import { LIST_PRICES, type PriceTable } from './prices.js';

/** What a budget limits; a member that is not there is not limited. */
export interface BudgetLimits {
  /** Input and output together. */
  readonly tokens?: number;
  readonly cost_usd?: number;
  readonly tool_calls?: number;
  /** Of a run: from its start to its end, but for what people take to decide. Else: what calls of models and tools take, added up. */
  readonly wall_time_ms?: number;
}

/** Budgets that runs share, in the order in which they are told: what is counted together, and whether only for a UTC day. */
export const SHARED_BUDGETS = [
  { name: 'session', scope: 'session', daily: false },
  { name: 'session_day', scope: 'session', daily: true },
  { name: 'agent', scope: 'agent', daily: false },
  { name: 'agent_day', scope: 'agent', daily: true },
  { name: 'key', scope: 'key', daily: false },
  { name: 'key_day', scope: 'key', daily: true },
  { name: 'tenant', scope: 'tenant', daily: false },
  { name: 'tenant_day', scope: 'tenant', daily: true },
] as const;

export type BudgetName = 'run' | (typeof SHARED_BUDGETS)[number]['name'];

export type Budgets = { readonly [N in BudgetName]?: BudgetLimits };

const YEAR_MS = 366 * 86_400_000;

const BUDGET_LIMITS_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    tokens: { type: 'integer', minimum: 0, description: 'Input and output tokens together.' },
    cost_usd: { type: 'number', minimum: 0, description: 'US dollars, by the price table.' },
    tool_calls: { type: 'integer', minimum: 0 },
    wall_time_ms: {
      type: 'integer',
      minimum: 1,
      maximum: YEAR_MS,
      description:
        'Of `run`: from its start to its end, but for the time that people take to decide. Of the others: what calls of models and tools take, added up.',
    },
  },
};

export const BUDGETS_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(['run', ...SHARED_BUDGETS.map(({ name }) => name)].map((name) => [name, BUDGET_LIMITS_SCHEMA])),
};

const FILE_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    prices: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['input', 'output'],
        properties: { input: { type: 'number', minimum: 0 }, output: { type: 'number', minimum: 0 } },
      },
    },
    budgets: BUDGETS_SCHEMA,
  },
};

/** What the operator says about models: `HEDDLE_MODELS_FILE`, YAML or JSON. A faulty file stops the boot. */
@Injectable()
export class ModelsFile {
  readonly prices: PriceTable;
  readonly budgets: Budgets;

  constructor(@Inject(CONFIG) config: Pick<HeddleConfig, 'modelsFile'>) {
    const { prices = {}, budgets = {} } = config.modelsFile === undefined ? {} : readModelsFile(config.modelsFile);
    this.prices = { ...LIST_PRICES, ...prices };
    this.budgets = budgets;
  }
}

function readModelsFile(path: string): { readonly prices?: PriceTable; readonly budgets?: Budgets } {
  const content: unknown = parse(readFileSync(path, 'utf8')) ?? {};
  const faults = new SchemaValidator().compile(FILE_SCHEMA)(content);
  if (faults.length > 0) {
    throw new Error(
      `HEDDLE_MODELS_FILE ${path}: ${faults.map(({ path: at, message }) => `${at === '' ? '/' : at} ${message}`).join('; ')}`,
    );
  }
  return content as { readonly prices?: PriceTable; readonly budgets?: Budgets };
}
