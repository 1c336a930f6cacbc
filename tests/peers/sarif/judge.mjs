// Judges a log by the schema of SARIF 2.1.0, as Microsoft publishes it with its own tools.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';

const require = createRequire(import.meta.url);
const schema = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
const ajv = new Ajv({ allErrors: true, schemaId: 'auto', meta: false });
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-07.json'));

const log = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const valid = ajv.validate(schema, log);
// A schema that takes everything shows nothing.
const broken = structuredClone(log);
broken.runs[0].results[0].locations[0].physicalLocation.region.startLine = 'one';
const control = !ajv.validate(schema, broken);
console.log(JSON.stringify({ valid, control, results: log.runs[0].results.length }));
if (!valid) console.error(ajv.validate(schema, log), ajv.errors);
