/**
 * `/docs`: Swagger UI with the OpenAPI document in the language that the reader has chosen on the other pages, or else in
 * the browser's; the server says which one it is.
 */

import SwaggerUI, { type SwaggerOptions } from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

const chosen = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("compliance.language") ?? "";
const url = `openapi.json?${new URLSearchParams({ lang: chosen })}`;

/** The document, whose requests go where it came from: a proxy may serve all of it under a path. */
async function readDocument(): Promise<object> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  document.documentElement.lang = answer.headers.get("Content-Language") ?? "en";
  return { ...(await answer.json()), servers: [{ url: new URL(".", location.href).href.replace(/\/$/, "") }] };
}

function show(source: Pick<SwaggerOptions, "spec" | "url">): void {
  SwaggerUI({
    ...source,
    domNode: document.getElementById("app"),
    deepLinking: true,
    docExpansion: "list",
    tryItOutEnabled: true,
    validatorUrl: null, // nobody elsewhere is asked
  });
}

// Given the address alone, Swagger UI asks for the document again, and says what is wrong.
readDocument().then((spec) => show({ spec }), () => show({ url }));
