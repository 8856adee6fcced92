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
}

/** Limits that the operator sets for everybody, per UTC day. */
export interface OperatorBudgets {
  readonly tenant_day?: BudgetLimits;
  readonly key_day?: BudgetLimits;
}

export const BUDGET_LIMITS_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    tokens: { type: 'integer', minimum: 0, description: 'Input and output tokens together.' },
    cost_usd: { type: 'number', minimum: 0, description: 'US dollars, by the price table.' },
    tool_calls: { type: 'integer', minimum: 0 },
  },
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
    budgets: {
      type: 'object',
      additionalProperties: false,
      properties: { tenant_day: BUDGET_LIMITS_SCHEMA, key_day: BUDGET_LIMITS_SCHEMA },
    },
  },
};

/** What the operator says about models: `HEDDLE_MODELS_FILE`, YAML or JSON. A faulty file stops the boot. */
@Injectable()
export class ModelsFile {
  readonly prices: PriceTable;
  readonly budgets: OperatorBudgets;

  constructor(@Inject(CONFIG) config: Pick<HeddleConfig, 'modelsFile'>) {
    const { prices = {}, budgets = {} } = config.modelsFile === undefined ? {} : readModelsFile(config.modelsFile);
    this.prices = { ...LIST_PRICES, ...prices };
    this.budgets = budgets;
  }
}

function readModelsFile(path: string): { readonly prices?: PriceTable; readonly budgets?: OperatorBudgets } {
  const content: unknown = parse(readFileSync(path, 'utf8')) ?? {};
  const faults = new SchemaValidator().compile(FILE_SCHEMA)(content);
  if (faults.length > 0) {
    throw new Error(
      `HEDDLE_MODELS_FILE ${path}: ${faults.map(({ path: at, message }) => `${at === '' ? '/' : at} ${message}`).join('; ')}`,
    );
  }
  return content as { readonly prices?: PriceTable; readonly budgets?: OperatorBudgets };
}
