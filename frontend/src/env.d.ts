/// <reference types="vite/client" />

declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** The options that `src/docs.ts` gives; https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/. */
  export interface SwaggerOptions {
    spec?: object;
    url?: string;
    domNode: HTMLElement | null;
    deepLinking: boolean;
    docExpansion: "list";
    tryItOutEnabled: boolean;
    validatorUrl: null;
  }
  export default function SwaggerUI(options: SwaggerOptions): void;
}
