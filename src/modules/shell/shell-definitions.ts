import { Injectable, type OnModuleInit } from '@nestjs/common';
import { compileTemplate, pointerTo } from '../../engine/expressions/index.js';
import type { DefinitionFault } from '../../engine/graph/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';
import { type DefinitionExtension, DefinitionExtensions } from '../workflows/index.js';
import { ShellPolicy } from './shell-policy.js';
import { findShellUses, type ShellUse } from './shell-uses.js';

/** Of environment variables that are not for definitions to set. */
const RESERVED_PREFIX = 'HEDDLE_';

/** Tells the author of a definition at once what its processes would be refused for. */
@Injectable()
export class ShellDefinitions implements DefinitionExtension, OnModuleInit {
  constructor(
    private readonly extensions: DefinitionExtensions,
    private readonly policy: ShellPolicy,
  ) {}

  onModuleInit(): void {
    this.extensions.register(this);
  }

  check(definition: JsonObject, source: string): readonly DefinitionFault[] {
    const uses = findShellUses(definition);
    if (uses.length === 0) return [];
    const variables = definition['kind'] === 'states' ? 'states' : 'run';
    const refusal = this.policy.refusal(source);
    const refused = refusal === null ? [] : uses.map(({ path }) => ({ path, code: 'shell_refused', message: refusal }));
    return [...refused, ...uses.flatMap((use) => [...secretsInArguments(use, variables), ...reservedVariables(use)])];
  }

  async stored(): Promise<void> {}
}

/** The arguments of a process can be read by every user of its machine. */
function secretsInArguments({ config: { path, value } }: ShellUse, variables: 'run' | 'states'): DefinitionFault[] {
  return ['command', 'args'].flatMap((member) =>
    readsSecrets(value[member], variables)
      ? [
          {
            path: `${path}/${member}`,
            code: 'secret_in_arguments',
            message: 'the arguments of a process can be read by others; give secrets in env, stdin or script',
          },
        ]
      : [],
  );
}

function reservedVariables({ config: { path, value } }: ShellUse): DefinitionFault[] {
  const env = value['env'];
  return (isJsonObject(env) ? Object.keys(env) : [])
    .filter((name) => name.startsWith(RESERVED_PREFIX))
    .map((name) => ({ path: pointerTo(`${path}/env`, name), code: 'reserved_variable', message: `${name} is set by Heddle` }));
}

function readsSecrets(value: Json | undefined, variables: 'run' | 'states'): boolean {
  if (value === undefined) return false;
  try {
    return compileTemplate(value, variables).references.secrets.size > 0;
  } catch {
    // A faulty expression is told of by whoever checks expressions.
    return false;
  }
}
