import { type INestApplication, SetMetadata, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { completeDocument } from './openapi-document.js';
import { VERSION } from '../version.js';
import { TAGS } from './openapi-tags.js';

const DESCRIPTION = `One self-hosted server, on one Postgres, for durable workflows and AI agents.

Every request but those marked public carries an API key: \`Authorization: Bearer hdl_…\`. Bodies and answers are JSON in snake_case,
times are RFC 3339 in UTC, ids are UUIDs. Errors are problem details (RFC 9457). Lists take \`limit\` and \`cursor\` and answer
\`{data, next_cursor}\`. Creating requests can be repeated safely with an \`Idempotency-Key\`.`;

const DESCRIBED_APART = 'heddle:described-apart';

/** For modules whose routes are not of our own API: they have documents of their own. */
export function DescribedApart(): ClassDecorator {
  return SetMetadata(DESCRIBED_APART, true);
}

/** The OpenAPI document of an application: the same text from the same code, whatever the order in which modules load. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Heddle')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'hdl_…', description: 'An API key' });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  return completeDocument(SwaggerModule.createDocument(app, builder.build(), { include: ownModules(app) }));
}

function ownModules(app: INestApplication): Type<unknown>[] {
  return [...app.get(ModulesContainer).values()]
    .map(({ metatype }) => metatype)
    .filter((module) => !Reflect.hasMetadata(DESCRIBED_APART, module));
}

/** Serves `/openapi.json`, `/openapi.yaml` and, for people, `/docs`; the document is built when somebody first asks. */
export function setupOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => buildOpenApi(app), {
    useGlobalPrefix: false,
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Heddle API',
    swaggerOptions: { persistAuthorization: true, tagsSorter: 'alpha', docExpansion: 'none' },
  });
}
