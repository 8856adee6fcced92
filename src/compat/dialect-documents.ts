import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { pathOfDialect } from '../platform/http/dialect.js';
import { DIALECTS } from './dialects.js';
import { type DescribedDialect, describeDialect } from './kit/index.js';

/** Serves each dialect's OpenAPI document, and its pages where the original has some. A document is made when somebody first asks. */
export function setupDialectDocuments(app: INestApplication): void {
  for (const dialect of DIALECTS) {
    const path = pathOfDialect(dialect.name).slice(1);
    const { docs = 'docs', json = ['openapi.json'], yaml = 'openapi.yaml' } = dialect.documents ?? {};
    let document: OpenAPIObject | undefined;
    const describe = (): OpenAPIObject => (document ??= describeDialect(app, dialect));
    SwaggerModule.setup(`${path}/${docs}`, app, describe, {
      useGlobalPrefix: false,
      jsonDocumentUrl: `${path}/${json[0]}`,
      yamlDocumentUrl: `${path}/${yaml}`,
      customSiteTitle: dialect.title,
    });
    for (const alias of json.slice(1)) {
      app.use(`/${path}/${alias}`, (request: Request, response: Response, next: NextFunction) => {
        if (request.method === 'GET') response.json(describe());
        else next();
      });
    }
  }
}

/** All documents by the names of their dialects. */
export function describeDialects(app: INestApplication): Record<string, OpenAPIObject> {
  return Object.fromEntries(DIALECTS.map((dialect: DescribedDialect) => [dialect.name, describeDialect(app, dialect)]));
}
