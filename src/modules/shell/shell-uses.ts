import { pointerTo } from '../../engine/expressions/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';

export const SHELL_TYPE = 'shell.exec';

/** A place of a definition that starts a process. */
export interface ShellUse {
  /** JSON pointer to what starts it. */
  readonly path: string;
  /** JSON pointer to the members `command` and `args`, and the object that holds them. */
  readonly config: { readonly path: string; readonly value: JsonObject };
}

/** Every place of a definition that starts a process. Its structure may be faulty: what is not understood is left out. */
export function findShellUses(definition: JsonObject): ShellUse[] {
  return definition['kind'] === 'states' ? usesOfStates(definition) : usesOfGraph(definition);
}

function usesOfGraph({ nodes }: JsonObject): ShellUse[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node, index): ShellUse[] =>
    isJsonObject(node) && node['type'] === SHELL_TYPE
      ? [{ path: `/nodes/${index}/type`, config: { path: `/nodes/${index}/config`, value: objectOrEmpty(node['config']) } }]
      : [],
  );
}

function usesOfStates({ states, hooks }: JsonObject): ShellUse[] {
  const ofStates = Object.entries(objectOrEmpty(states)).flatMap(([name, state]): ShellUse[] => {
    if (!isJsonObject(state)) return [];
    const path = pointerTo('/states', name);
    return [...usesOfState(state, path), ...usesOfHooks(state['hooks'], `${path}/hooks`)];
  });
  return [...ofStates, ...usesOfHooks(hooks, '/hooks')];
}

function usesOfState(state: JsonObject, path: string): ShellUse[] {
  // What a command state may read is checked with the state itself.
  if (state['type'] === 'command') return [{ path, config: { path, value: {} } }];
  if (state['type'] !== 'step' || state['node'] !== SHELL_TYPE) return [];
  return [{ path: `${path}/node`, config: { path: `${path}/config`, value: objectOrEmpty(state['config']) } }];
}

/** Lists of hooks by the moment they run at; those with a `command` start a process. */
function usesOfHooks(hooks: Json | undefined, path: string): ShellUse[] {
  return Object.entries(objectOrEmpty(hooks)).flatMap(([moment, list]) =>
    (Array.isArray(list) ? list : []).flatMap((hook, index): ShellUse[] => {
      if (!isJsonObject(hook) || !('command' in hook)) return [];
      const at = `${path}/${moment}/${index}`;
      // The line of a hook is a script: what stands in it is in nobody's list of processes.
      return [{ path: at, config: { path: at, value: {} } }];
    }),
  );
}

function objectOrEmpty(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
