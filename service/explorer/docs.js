/** Starts Swagger UI on the page /docs; a file of its own, because the page's policy allows nothing inline. */

/* global SwaggerUIBundle */

const place = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  defaultModelsExpandDepth: 0,
  syntaxHighlight: false,
  tryItOutEnabled: true,
});
