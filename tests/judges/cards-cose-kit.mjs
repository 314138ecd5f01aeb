// Judges membership cards with cose-kit: see common/cards.mjs.
//
//     node cards-cose-kit.mjs core/card/tests/golden/cards.json

import { coseVerify } from "cose-kit";
import { judge } from "./common/cards.mjs";

await judge("cose-kit", process.argv[2], async (message, key) => {
  const { isValid, decoded } = await coseVerify(message, key);
  if (!isValid) throw new Error("the signature does not hold");
  return decoded;
});
