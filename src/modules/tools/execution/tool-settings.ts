import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { StepError } from '../../../engine/index.js';
import { operatorSecret } from '../../auth/index.js';
import type { ToolCall } from '../tool.js';

const REFERENCE = /\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/** Where a setting is looked for. */
export interface Setting {
  /** Member of the tool's config. */
  readonly name: string;
  /** The operator's secret that stands in for it. */
  readonly secret: string;
}

/**
 * What tools need to know of the installation: from the config that an agent or a caller gives them, else from the operator's
 * secrets (`HEDDLE_SECRET_<NAME>`), which serve the tenant `default` only. Values may refer to secrets, `{{ secrets.NAME }}`.
 */
@Injectable()
export class ToolSettings {
  constructor(@Inject(CONFIG) private readonly config: HeddleConfig) {}

  find({ tenant, config }: Pick<ToolCall, 'tenant' | 'config'>, { name, secret }: Setting): string | undefined {
    const set = config[name];
    if (typeof set === 'string' && set !== '') return this.resolved(tenant, set);
    return operatorSecret(this.config, tenant, secret);
  }

  /** Throws `StepError('not_configured')`, naming what is missing. */
  require(call: Pick<ToolCall, 'tenant' | 'config'>, setting: Setting): string {
    const value = this.find(call, setting);
    if (value !== undefined) return value;
    throw notConfigured(`set "${setting.name}" in the config of the tool, or HEDDLE_SECRET_${setting.secret} for the server`, [
      setting.name,
    ]);
  }

  /** The text with its references replaced. Throws `StepError('not_configured')` for a secret that the tenant does not have. */
  resolved(tenant: string, text: string): string {
    return text.replace(REFERENCE, (_, name: string) => {
      const value = operatorSecret(this.config, tenant, name);
      if (value === undefined)
        throw notConfigured(`there is no secret ${name}: set HEDDLE_SECRET_${name} for the server`, [`secrets.${name}`]);
      return value;
    });
  }
}

export function refersToSecret(text: string): boolean {
  return text.search(REFERENCE) !== -1;
}

export function notConfigured(message: string, missing: readonly string[]): StepError {
  return new StepError('not_configured', `not configured: ${message}`, { retryable: false, details: { missing: [...missing] } });
}
