import { validateAnswers } from './openapi-validator.js';

/** Imported by whatever starts a server: every answer its clients get is held against `openapi.json`. */
validateAnswers();
