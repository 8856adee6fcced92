import type { EdgeRequest } from './edge-request.js';

/** What is read of a layer of the Express router. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that the path of a request has routes for. Walks all routes: only for requests that no route took. */
export function allowedMethods(request: EdgeRequest): string[] {
  const { stack } = request.app.router as unknown as { stack: readonly RouterLayer[] };
  const path = request.originalUrl.split('?', 1)[0] ?? '/';
  const methods = new Set<string>();
  for (const layer of stack) {
    if (layer.route === undefined || layer.route.methods['_all'] === true || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
