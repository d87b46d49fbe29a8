-- What wrk sends: a POST of as many bytes as the first argument after "--" says.
init = function(args)
  wrk.method = "POST"
  wrk.body = string.rep("x", tonumber(args[1]))
end
