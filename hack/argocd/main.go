// Runs Argo CD's own code on our customizations: its settings read the ConfigMap, its Lua runs the scripts, its
// normalizers read ignoreDifferences. Tasks come as JSON on standard input, answers go as JSON to standard output.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	application "github.com/argoproj/argo-cd/v3/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/argo-cd/v3/util/settings"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

const namespace = "argocd"

type object = map[string]any

type task struct {
	Do     string                               `json:"do"`
	Object object                               `json:"object"`
	Live   object                               `json:"live"`
	Action string                               `json:"action"`
	Params map[string]string                    `json:"params"`
	Ignore []v1alpha1.ResourceIgnoreDifferences `json:"ignoreDifferences"`
}

type work struct {
	Data  map[string]string `json:"data"`
	Tasks []task            `json:"tasks"`
}

func main() {
	var given work
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fail(err)
	}
	overrides, err := read(given.Data)
	if err != nil {
		fail(err)
	}
	answers := make([]any, len(given.Tasks))
	for i, one := range given.Tasks {
		if answers[i], err = run(overrides, one); err != nil {
			answers[i] = object{"error": err.Error()}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// read has Argo CD's settings read the ConfigMap argocd-cm, as its server does.
func read(data map[string]string) (map[string]v1alpha1.ResourceOverride, error) {
	labels := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	configMap := corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "argocd-cm", Namespace: namespace, Labels: labels}, Data: data,
	}
	secret := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "argocd-secret", Namespace: namespace, Labels: labels},
		Data:       map[string][]byte{"server.secretkey": []byte("none")},
	}
	client := fake.NewClientset(&configMap, &secret)
	return settings.NewSettingsManager(context.Background(), client, namespace).GetResourceOverrides()
}

func run(overrides map[string]v1alpha1.ResourceOverride, one task) (any, error) {
	machine := lua.VM{ResourceOverrides: overrides}
	found := &unstructured.Unstructured{Object: one.Object}
	switch one.Do {
	case "health":
		return lua.ResourceHealthOverrides(overrides).GetResourceHealth(found)
	case "actions":
		scripts, err := machine.GetResourceActionDiscovery(found)
		if err != nil {
			return nil, err
		}
		return machine.ExecuteResourceActionDiscovery(found, scripts)
	case "act":
		return act(machine, found, one)
	case "sync":
		return sync(found, &unstructured.Unstructured{Object: one.Live}, one.Ignore)
	}
	return nil, fmt.Errorf("unknown task %q", one.Do)
}

func act(machine lua.VM, found *unstructured.Unstructured, one task) (any, error) {
	definition, err := machine.GetResourceAction(found, one.Action)
	if err != nil {
		return nil, err
	}
	parameters := []*application.ResourceActionParameters{}
	for name, value := range one.Params {
		parameters = append(parameters, &application.ResourceActionParameters{Name: &name, Value: &value})
	}
	return machine.ExecuteResourceAction(found, definition.ActionLua, parameters)
}

// sync answers what a sync with RespectIgnoreDifferences=true would write: what is ignored is taken out of both with
// Argo CD's normalizer, and what it took out of the live object is merged into the target.
func sync(target, live *unstructured.Unstructured, ignore []v1alpha1.ResourceIgnoreDifferences) (any, error) {
	normalizer, err := normalizers.NewIgnoreNormalizer(ignore, nil, normalizers.IgnoreNormalizerOpts{})
	if err != nil {
		return nil, err
	}
	bare := live.DeepCopy()
	for _, one := range []*unstructured.Unstructured{target, bare} {
		if err := normalizer.Normalize(one); err != nil {
			return nil, err
		}
	}
	typed, err := scheme.Scheme.New(live.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(typed)
	if err != nil {
		return nil, err
	}
	texts := make([][]byte, 3)
	for i, one := range []*unstructured.Unstructured{target, live, bare} {
		if texts[i], err = one.MarshalJSON(); err != nil {
			return nil, err
		}
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(texts[1], texts[1], texts[2], meta, true)
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergePatch(texts[0], patch, typed)
	return json.RawMessage(merged), err
}
