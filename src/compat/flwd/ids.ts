import { isUuid } from '../../platform/http/cursor.js';
import { ulidOfUuid, uuidOfUlid } from '../kit/index.js';

/** What ids begin with: `run_01HX…`. */
type Kind = 'run' | 'artifact';

/** Our id in flwd's spelling. */
export function flwdId(kind: Kind, uuid: string): string {
  return `${kind}_${ulidOfUuid(uuid)}`;
}

/** The id behind flwd's spelling, or behind our own, so that what other doors show can be asked for; null when it is neither. */
export function idOf(kind: Kind, text: string): string | null {
  const prefix = `${kind}_`;
  if (text.startsWith(prefix)) return uuidOfUlid(text.slice(prefix.length));
  return isUuid(text) ? text.toLowerCase() : null;
}
