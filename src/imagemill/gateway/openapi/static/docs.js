// Starts Swagger UI with the document and the first operation that the page names.

import { createForm } from "./form.js";
import { createParameters } from "./headers.js";
import { createResponse } from "./response.js";
import { simplify } from "./simplify.js";

// A plug-in of Swagger UI: https://swagger.io/docs/open-source-tools/swagger-ui/customization/plugin-api/
const plugin = ({ React }) => ({
  statePlugins: {
    spec: {
      wrapActions: { updateJsonSpec: (update) => (document) => update(simplify(document)) },
    },
  },
  wrapComponents: {
    RequestBody: (Original) => createForm(React.createElement, Original),
    parameters: (Original) => createParameters(React.createElement, React.Fragment, Original),
    response: (Original) => createResponse(React.createElement, Original),
  },
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

const { openapi, operation } = document.body.dataset;

const ui = window.SwaggerUIBundle({
  url: openapi,
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  plugins: [plugin],
  onComplete: () => {
    if (!location.hash) ui.layoutActions.show(["operations", ...operation.split("/")], true);
  },
});
