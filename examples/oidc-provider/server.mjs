// An OAuth server that asks people through Countersign: oidc-provider with CIBA. A client asks for
// access, people decide in chat, the callback settles it, and the client's poll gets the token.
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';
import { Webhook } from 'standardwebhooks';

const {
  PORT = '9000',
  ISSUER = `http://127.0.0.1:${PORT}`,
  COUNTERSIGN_URL,
  COUNTERSIGN_API_KEY,
  COUNTERSIGN_WEBHOOK_SECRET,
  CLIENT_SECRET,
  SCOPES = 'report:read prod:orders:write',
  DETAIL_TYPES = '',
  USERS = 'dana erin',
} = process.env;

const API = 'https://api.example.com/';
const users = new Set(USERS.split(' '));
const webhook = new Webhook(COUNTERSIGN_WEBHOOK_SECRET);

/** Opens the request. What is thrown here reaches the client as `server_error`. */
async function ask(ctx, request, account, client) {
  const scope = request.scope.split(' ').filter((one) => one !== 'openid').join(' ');
  const details = ctx.oidc.params.authorization_details;
  const answer = await fetch(`${COUNTERSIGN_URL}/access/v1/requests`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${COUNTERSIGN_API_KEY}`,
      'content-type': 'application/json',
      // Asked once, however often this is sent.
      'idempotency-key': request.jti,
    },
    body: JSON.stringify({
      subject: { type: 'user', id: account.accountId },
      client: { id: client.clientId, name: client.clientName },
      requested_access: {
        scope: scope || undefined,
        authorization_details: details ? JSON.parse(details) : undefined,
      },
      binding_message: ctx.oidc.params.binding_message,
      requested_expiry: request.remainingTTL,
      callback: { endpoint: `${ISSUER}/countersign`, state: request.jti },
    }),
  });
  // What the policy refuses is a no; anything else is an outage.
  if ([403, 422].includes(answer.status)) {
    await provider.backchannelResult(request, new errors.AccessDenied());
  } else if (!answer.ok) {
    throw new Error(`Countersign answered ${answer.status}`);
  }
}

/** What people decided. The last word would win, so that the first one is kept. */
async function settle(event) {
  const request = await provider.BackchannelAuthenticationRequest.find(event.state);
  if (!request || request.grantId || request.error) return;
  if (event.type !== 'access_request.approved') {
    if (event.type.startsWith('access_request.')) {
      await provider.backchannelResult(request, new errors.AccessDenied());
    }
    return;
  }
  const { granted_scope: scope, authorization_details: details, approval } = event.result;
  const grant = new provider.Grant({
    accountId: request.accountId,
    clientId: request.clientId,
    exp: Math.floor(Date.parse(approval.approved_until) / 1000),
  });
  grant.addOIDCScope('openid');
  if (scope) grant.addResourceScope(API, scope);
  for (const detail of details) grant.addRar(detail);
  await grant.save();
  await provider.backchannelResult(request, grant, { rar: details.length ? details : undefined });
}

/** `POST /countersign`: checks the signature over the bytes as they came, then settles. */
async function callback(req, res) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  let event;
  try {
    event = webhook.verify(Buffer.concat(chunks), req.headers);
  } catch {
    res.writeHead(401).end();
    return;
  }
  try {
    await settle(event);
    res.writeHead(204).end();
  } catch (error) {
    console.error(error);
    res.writeHead(500).end();
  }
}

const details = Object.fromEntries(
  DETAIL_TYPES.split(' ').filter(Boolean).map((type) => [type, { validate() {} }]),
);
const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: 'shop-admin',
      client_name: 'Shop Admin',
      client_secret: CLIENT_SECRET,
      grant_types: ['urn:openid:params:grant-type:ciba'],
      response_types: [],
      redirect_uris: [],
      backchannel_token_delivery_mode: 'poll',
      authorization_details_types: Object.keys(details),
    },
  ],
  scopes: ['openid'],
  findAccount: (ctx, id) =>
    users.has(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client, oneOf) => oneOf ?? API,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: SCOPES, audience: API, accessTokenFormat: 'opaque' }),
    },
    richAuthorizationRequests: {
      enabled: Object.keys(details).length > 0,
      types: details,
      authorizationDetailsForGrantSource: (ctx, source) => source.rar,
      authorizationDetailsForAccessToken: (ctx, token, source) => source.rar,
      authorizationDetailsForIntrospection: (ctx, token) => token.rar,
    },
    ciba: {
      enabled: true,
      deliveryModes: ['poll'],
      processLoginHint: (ctx, hint) => hint,
      verifyUserCode() {},
      validateRequestContext() {},
      validateBindingMessage(ctx, message) {
        if (message && message.length > 150) throw new errors.InvalidBindingMessage();
      },
      triggerAuthenticationDevice: ask,
    },
  },
});

createServer((req, res) => {
  if (req.method === 'POST' && req.url === '/countersign') callback(req, res);
  else provider.callback()(req, res);
}).listen(Number(PORT), '127.0.0.1', () => console.log(`listening at ${ISSUER}`));
