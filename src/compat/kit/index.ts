/** What dialects are made with. Knows none of them. */
export { describeDialect, type DescribedDialect } from './dialect.js';
export { NdjsonSink } from './ndjson-sink.js';
export { TranslatingSink } from './translating-sink.js';
export { ulidOfUuid, uuidOfUlid } from './ulid.js';
export { everyEntry, everyPage } from './every-page.js';
export { orAbsent, orInstead } from './or-instead.js';
export { ANY_OBJECT, COUNT, listOf, objectOf, orNull, type Schema, STRING } from './schema.js';
