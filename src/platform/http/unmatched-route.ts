import type { ServerResponse } from 'node:http';
import { AppError } from '../errors/app-error.js';
import type { EdgeRequest } from './edge-request.js';

/** What is read of a layer of the Express router. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** What a request gets that no route took: 405 when its path has a route for another method, else 404. */
export function unmatchedRoute(request: EdgeRequest, response: ServerResponse): AppError {
  const allowed = allowedMethods(request);
  if (allowed.length === 0) return new AppError(404, 'not_found', 'no such route');
  response.setHeader('Allow', allowed.join(', '));
  return new AppError(405, 'method_not_allowed', `this path answers to ${allowed.join(', ')}`);
}

/** The methods that a path has routes for. Walks all routes, so only ask it for requests that none took. */
function allowedMethods(request: EdgeRequest): string[] {
  const { stack } = request.app.router as unknown as { stack: readonly RouterLayer[] };
  const path = request.originalUrl.split('?', 1)[0] ?? '/';
  const methods = new Set<string>();
  for (const layer of stack) {
    if (layer.route === undefined || takesAll(layer.route.methods) || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/** Nest's own, for whatever is below an excluded path, has every method there is. */
function takesAll(methods: Readonly<Record<string, boolean>>): boolean {
  return methods['_all'] === true || methods['connect'] === true;
}

function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
