// An app that holds its thread for ever.

export default async (scope, _receive, _send) => {
  if (scope.type !== 'http') return
  for (;;);
}
