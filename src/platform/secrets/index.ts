export { SecretBox } from './secret-box.js';
export { SecretsModule } from './secrets.module.js';
export {
  newSigningSecret,
  signMessage,
  verifySignature,
  type SignedMessage,
  type SignatureHeaders,
  type SignatureVerdict,
} from './standard-webhooks.js';
