// Judges membership cards with @auth0/cose: see common/cards.mjs. A script of its own, since this library and cose-kit both tell
// cbor-x what tag 18 is.
//
//     node cards-auth0.mjs core/card/tests/golden/cards.json

import { Sign1 } from "@auth0/cose";
import { judge } from "./common/cards.mjs";

const EDDSA = -8;

await judge("@auth0/cose", process.argv[2], async (message, key) => {
  const decoded = Sign1.decode(message);
  await decoded.verify(key, { algorithms: [EDDSA] });
  return decoded;
});
