// An identity provider on a certified library: people sign in at its own pages, by any name.
import Provider from 'oidc-provider';

const { PORT, CLIENT_SECRET } = process.env;
const ISSUER = `http://127.0.0.1:${PORT}`;

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: 'countersign',
      client_secret: CLIENT_SECRET,
      redirect_uris: ['https://countersign.example/link/callback'],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
});
provider.listen(Number(PORT), '127.0.0.1', () => console.log(`listening at ${ISSUER}`));
