const BASE = 'ws://heddle';

/** The URL of an upgrade as gateways are found by it, its dots resolved; that of `/` when it is none. */
export function upgradeUrl(url: string | undefined): URL {
  return URL.parse(url ?? '/', BASE) ?? new URL(BASE);
}
