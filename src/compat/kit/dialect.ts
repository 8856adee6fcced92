import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type Dialect, pathOfDialect } from '../../platform/http/dialect.js';

/** A dialect with what its OpenAPI document says of it. */
export interface DescribedDialect extends Dialect {
  readonly title: string;
  /** Of the API that is spoken. */
  readonly version: string;
  readonly description: string;
  /** The module whose routes are the dialect. */
  readonly module: Type<unknown>;
  /** Where the original has its documents, below the dialect's path. */
  readonly documents?: { readonly docs?: string; readonly json?: readonly [string, ...string[]]; readonly yaml?: string };
}

/** The OpenAPI document of a dialect, its paths as its clients see them. */
export function describeDialect(
  app: INestApplication,
  { name, title, version, description, module, keyHeader }: DescribedDialect,
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setVersion(version)
    .setDescription(description)
    // Relative to the document, which is at the root of whatever port or path the dialect has.
    .addServer('.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'hdl_…', description: 'An API key of this server' });
  if (keyHeader !== undefined) builder.addApiKey({ type: 'apiKey', in: 'header', name: keyHeader, description: 'The same key' }, keyHeader);
  const document = SwaggerModule.createDocument(app, builder.build(), { include: [module] });
  const prefix = pathOfDialect(name);
  document.paths = Object.fromEntries(Object.entries(document.paths).map(([path, item]) => [path.slice(prefix.length), item]));
  return document;
}
