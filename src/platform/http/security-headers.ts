import type { CorsOptions } from '@nestjs/common/internal';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { HeddleConfig } from '../../config/index.js';
import type { Dialect } from './dialect.js';
import type { EdgeRequest } from './edge-request.js';

const DOCUMENTS = /^\/(?:compat\/[^/]+\/)?(?:api-)?docs(?:\/|$)/;

/** Pages served from `/docs`, also those of dialects, run the scripts that come with them, and nothing else. */
const forDocuments = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
    },
  },
  strictTransportSecurity: false,
});

/** Answers of an API are data: no browser has reason to run, frame or guess anything of them. */
function forData(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  next();
}

/** Headers that a browser may send and read across origins. */
const CORS_REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-None-Match',
  'If-Range',
  'Last-Event-ID',
  'Prefer',
  'Range',
  'X-Request-Id',
];
const CORS_RESPONSE_HEADERS = [
  'X-Request-Id',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Retry-After',
  'Location',
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Idempotency-Replayed',
];
const CORS: CorsOptions = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: CORS_RESPONSE_HEADERS,
  maxAge: 600,
};

/** Security headers on every answer, and CORS for the configured origins (none by default) and where a dialect takes any. */
export function setupSecurityHeaders(app: NestExpressApplication, config: HeddleConfig, dialects: readonly Dialect[]): void {
  app.use((request: Request, response: Response, next: NextFunction) =>
    DOCUMENTS.test(request.path) ? forDocuments(request, response, next) : forData(request, response, next),
  );
  const origins = [...config.http.corsOrigins];
  const openTo = (origin: CorsOptions['origin']): CorsOptions => ({ ...CORS, allowedHeaders: CORS_REQUEST_HEADERS, origin });
  const configured = openTo(origins.includes('*') ? '*' : origins);
  if (!dialects.some(({ anyOrigin }) => anyOrigin === true)) {
    if (origins.length > 0) app.enableCors(configured);
    return;
  }
  const closed = openTo(false);
  // Without a list of headers, those that a browser asks for may be sent.
  const everywhere = { ...CORS, origin: '*' };
  app.enableCors((request: EdgeRequest, choose: (error: null, options: CorsOptions) => void) => {
    if (request.dialect?.anyOrigin === true) choose(null, everywhere);
    else choose(null, origins.length > 0 ? configured : closed);
  });
}
