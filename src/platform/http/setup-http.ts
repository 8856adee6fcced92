import type { NestExpressApplication } from '@nestjs/platform-express';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { Drain } from '../lifecycle/index.js';
import { Authenticator } from './authenticator.js';
import { BodyGuard } from './body.guard.js';
import type { Dialect } from './dialect.js';
import { dialectMiddleware } from './dialect.middleware.js';
import { edgeMiddleware, type EdgeOptions } from './edge.middleware.js';
import { EdgeWsAdapter } from './edge-ws.adapter.js';
import { PermissionGuard } from './permission.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { RateLimiter } from './rate-limiter.js';
import { setupSecurityHeaders } from './security-headers.js';
import { ValidationGuard } from './validation.guard.js';

/**
 * Puts the edge in front of an application: headers, request ids, keys, rates, permissions, bodies, validation, problems. The
 * application must be created on an `EdgeAdapter` with `bodyParser: false`, since bodies are read after the permission was checked.
 */
export function setupHttp(app: NestExpressApplication, dialects: readonly Dialect[] = []): void {
  const config = app.get<HeddleConfig>(CONFIG);
  const edge: EdgeOptions = {
    authenticator: app.get(Authenticator, { strict: false }),
    limiter: app.get(RateLimiter, { strict: false }),
    anonymousRateLimit: config.rateLimitPerMinute,
    drain: app.get(Drain, { strict: false }),
    dialects,
  };
  app.set('trust proxy', config.http.trustProxy);
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(dialectMiddleware(dialects));
  setupSecurityHeaders(app, config, dialects);
  app.use(edgeMiddleware(edge));
  app.useWebSocketAdapter(new EdgeWsAdapter(app, edge));
  app.useGlobalGuards(app.get(PermissionGuard, { strict: false }), new BodyGuard(config.http.bodyLimitBytes), new ValidationGuard());
  app.useGlobalFilters(app.get(ProblemFilter, { strict: false }));
}
