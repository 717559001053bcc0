-- Stays until it is resumed, unless Git names spec.suspend: then a sync puts back what Git says.
obj.spec.suspend = true
return obj
